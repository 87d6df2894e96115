//! Every outgoing text, in Chinese and English.
