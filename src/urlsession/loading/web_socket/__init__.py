"""WebSockets: the handshake, the frames, and the load that carries them."""
