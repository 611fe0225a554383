// Package link is the wire between one client and the ensemble: everything that
// a client connects goes through [Link.Dial], or through a listener of
// [Link.Listen] if it runs in a process of its own, so that faults can reach it
// and the record can tell what happened to its sessions. It may not know a
// recipe, a fault or a check.
//
// A link passes bytes through and decodes a copy. From the connect requests and
// responses it knows the sessions, from the requests and replies what is
// evidence of a session being alive ([Link.Alive]) or dead. It records the
// states of sessions as events of history.SessionProcess, and on demand
// (Config.Wire) every request, reply and watch event.
//
// Faults use it to
//
//   - end connections: [Link.Cut], [Link.Reset];
//   - keep new ones off: [Link.Hold] (they wait), [Link.Refuse];
//   - be a bad network: [Link.Stall] (nothing passes), [Link.Slow] (delay,
//     jitter, throttle), [Link.Bar] (no way to one server);
//   - lose a request or a reply: [Link.Lose]; deliver a watch event late:
//     [Link.HoldEvents];
//   - choose the client's server: [Link.Route], [Link.Move];
//   - expire a session at once: [Link.ExpireSession].
//
// Messages have names ([Point]): whose, in which of the client's operations
// ([Link.Operation]), and which of its kind there. [Link.Break] stops the one of a name
// when it passes, for whatever is to be done just then; Config.OnPoint hears of all.
//
// What lasts ends with the function, or the method, that came with it; several
// at once add up; [Link.Clean] names what is still in force.
//
// From the client down, a connection is: conn, which decodes frames, loses some
// and holds events back; below it the pipe, which stalls and slows bytes; below
// that the network. So a byte that a fault keeps from the client has not been
// read by the link either, and "expired" is recorded when the client can know.
//
// Without a fault the link changes one thing only: it bounds the wait for a
// connect response (Config.ConnectTimeout). A client's own bound can be six
// session time-outs and more, which a paused server uses up in full; a
// measurement of failover would show nothing but that. It costs 200 ns for a
// request with its reply, and no goroutine; see the benchmarks.
package link
