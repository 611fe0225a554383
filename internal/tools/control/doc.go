// Package control lets somebody outside stop and start single servers of an
// ensemble that another process runs, as test suites do that were written for
// servers of their own. It may not do more than package ensemble's abilities
// offer.
//
// The process with the ensemble listens ([Listen]) on a Unix socket that only its
// user can open, and takes requests of HTTP there:
//
//	GET  /status                  an [Answer] about all servers
//	POST /servers/{who}/{action}  an [Answer] about those that something was done to
//	POST /down                    an [Answer] about all servers; then the ensemble ends
//
// where action is one of [Actions], and who is a number, a role or all (see
// [Controller.Do]). An error is {"error": "…"}: 400 for a request that makes no sense
// here, 409 for one that failed.
//
// Sockets lie in one folder of the user's, each with the name of its ensemble, so
// that [Find] finds them. One that nobody listens on any more, since its process
// was killed, is removed by whoever comes across it. Beside each socket the process writes an
// [Entry], which stays when it is killed and says what has to be cleaned up.
package control
