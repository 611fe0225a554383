// Package zkclient is a ZooKeeper client that hides nothing: it shows every frame of a connection in
// the order in which the server sent it. It does not ping, reconnect or resend anything by itself.
//
// Client libraries match replies to requests, hand watch events to another goroutine, reconnect and
// resend watches by themselves; a test of a server wants to see all of that. A [Conn] is one
// connection. [Connect] opens it with any session, password and zxid, right or wrong. [Conn.Do] sends
// one request and waits; [Conn.Send] and [Conn.Next] pipeline. A watch event is a frame like any other,
// so that a test can say "this event came before that reply". Only pings are sent without a call, and
// only if the caller asked for them: to reconnect, connect again with [Conn.Session] and
// [Conn.LastZxid].
//
// Every call that waits takes a context.
package zkclient
