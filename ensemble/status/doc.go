// Package status reports the state of the servers of any ensemble, as they report it
// themselves: by four-letter words and, if asked to, by the admin server. It opens no
// session, writes nothing, and is useful without the rest of zklab.
//
// It looks at an ensemble once, from outside; to follow an ensemble, look again. What a
// server does not allow is reported as missing (Administrator's Guide,
// 4lw.commands.whitelist and the AdminServer).
package status
