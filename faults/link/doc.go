// Package link is the wire between one client and the ensemble: everything
// that a client connects goes through [Link.Dial], so that faults can reach it
// and the record can tell what happened to its sessions.
//
// A link passes bytes through and reads along. From the connect requests and
// responses it knows the sessions, from the requests and replies what is
// evidence of a session being alive ([Link.Alive]) or dead. It records the
// facts of sessions as events of history.SessionProcess.
//
// Faults use it to cut connections ([Link.Cut]), to hold back new ones
// ([Link.Hold]), to lose one request or one reply ([Link.Lose]), and to expire
// a session at once ([Link.ExpireSession]).
//
// Without a fault it changes one thing only: it bounds the wait for a connect
// response (Config.ConnectTimeout). A client's own bound can be six session
// time-outs and more, which a paused server uses up in full; a measurement of
// failover would show nothing but that.
package link
