// Package status says how the servers of any ensemble are, as they themselves tell: by
// four-letter words, and by the admin server where that is asked, too. It opens no session,
// writes nothing, and is of use without the rest of zklab.
//
// An ensemble is looked at from outside and once; who wants to follow it looks again.
// What a server does not allow is missing, and said to be (Administrator's Guide,
// 4lw.commands.whitelist and the AdminServer).
package status
