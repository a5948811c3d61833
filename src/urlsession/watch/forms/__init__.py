"""Forms of a report: leaks by cause, as text, JUnit and SARIF."""
