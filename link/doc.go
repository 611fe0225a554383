// Package link is the wire between one client and the ensemble. Every connection of a
// client goes through [Link.Dial], or through a listener of [Link.Listen] if the client
// runs in another process, or of [Serve] if that has any number of clients. So faults can reach it, and the record can tell what happened to
// its sessions. The package knows no recipe, fault or check.
//
// A link passes bytes through and decodes a copy. It learns of sessions from connect
// requests and responses. Requests and replies are evidence that a session is alive
// ([Link.Alive]) or dead. The link records the states of sessions as events of
// history.SessionProcess and, if Config.Wire is set, every request, reply and watch event.
//
// Faults use it to
//
//   - end connections: [Link.Cut], [Link.Reset];
//   - keep new connections out: [Link.Hold] (they wait), [Link.Refuse];
//   - imitate a bad network: [Link.Stall] (nothing passes), [Link.Slow] (delay, jitter,
//     throttling), [Link.Bar] (no route to one server);
//   - lose a request or a reply: [Link.Lose]; deliver a watch event late:
//     [Link.HoldEvents];
//   - choose the client's server: [Link.Route], [Link.Move];
//   - expire a session at once: [Link.ExpireSession].
//
// Messages have names ([Point]): the client, which of its operations ([Link.Operation]),
// and which message of its kind there. [Link.Break] stops a named message when it passes,
// so that a fault can be injected at that moment. Config.OnPoint is called for all
// messages.
//
// A lasting condition ends with the function or method that came with it. Several at once
// add up. [Link.Clean] names what is still in force.
//
// The layers of a connection, from the client down: conn asks the rules in force about each message (package
// content decodes it), loses some and holds back events; package pipe stalls and slows bytes; below that is the network.
// So the link itself has not read a byte that a fault keeps from the client, and it records
// "expired" only when the client can know.
//
// Without faults the link changes one thing: it bounds the wait for a connect response
// (Config.ConnectTimeout). A client's own limit can be six session timeouts and more, and a
// paused server uses all of it, so measurements of failover would show only that wait. The
// link costs 200 ns for a request with its reply, and no goroutine; with Config.Root, for which it
// decodes paths ([Link.Used]), a create costs three times as much. See the benchmarks.
package link
