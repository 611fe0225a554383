// Package connect has the flags with which a command reaches servers of any ensemble: addresses, credentials, TLS and
// timeouts. It opens connections and sessions by them, and adds to an error what can be done about it. It starts no
// servers, and knows no experiment.
package connect
