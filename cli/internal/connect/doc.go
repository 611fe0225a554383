// Package connect has the flags with which a command reaches servers of any ensemble: addresses, credentials, TLS and
// timeouts. It opens connections and sessions with them, and adds advice to errors. It starts no servers, and knows
// no experiment.
package connect
