"""What is seen while the program runs: sockets, stacks, owners, the kernel."""
