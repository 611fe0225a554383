// Package control stops and starts single servers of an ensemble that another process runs, as
// test suites do with servers of their own. It uses only the abilities in package ensemble.
//
// The process with the ensemble listens ([Listen]) on a Unix socket that only its user can open. It
// serves HTTP there:
//
//	GET  /status                  returns an [Answer] with all servers
//	POST /servers/{who}/{action}  does something to servers, and returns an [Answer] with them
//	POST /down                    returns an [Answer] with all servers, and then ends the ensemble
//
// action is one of [Actions]; who is a number, a role or all (see [Controller.Do]). An error is
// {"error": "…"}, with status 400 for a request that does not fit the ensemble, and 409 for one that
// failed.
//
// All sockets of a user are in one folder, each with the name of its ensemble, where [Find] finds
// them. If the process was killed, the next process that tries its socket removes it. Beside the
// socket the process writes an [Entry], which stays if the process is killed, and says what to clean
// up.
package control
