// Package client is a ZooKeeper client for tools that people work with: its session
// lives on when its server is lost. It may not judge what it reads, nor know whom it
// works for.
//
// [Connect] begins a session. When its connection breaks, or is silent for two thirds
// of the session timeout, the client resumes the session on the next server: it
// sends its credentials again and then its watches, persistent ones, too
// (SetWatches2), so that no event is lost that the protocol promises ("Programmer's
// Guide, What ZooKeeper Guarantees about Watches"). Reads are sent again by
// themselves; a write that was on its way is wire.ConnectionLoss, as it may have been
// done. A session that a server calls expired is over: every call then gives
// [ErrExpired], and who wants to go on connects again.
//
// Events, of watches and of the session itself, come from [Client.Next] in the order
// in which the client learned of them. Every call that waits takes a context.
//
// It stands on package zkclient, which shows each frame of one connection and hides
// nothing.
package client
