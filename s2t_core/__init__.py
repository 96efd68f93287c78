"""Offline streaming speech recognition with the Speech2Text encoder-decoder."""
