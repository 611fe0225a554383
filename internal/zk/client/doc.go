// Package client is a ZooKeeper client for tools that people work with: its session survives the loss of its
// server. It does not judge what it reads, and does not know which tool uses it.
//
// [Connect] begins a session. When its connection breaks, or is silent for two thirds of the session timeout,
// the client resumes the session on the next server: it sends its credentials again and then its watches,
// including persistent ones (SetWatches2), so that no event is lost that the protocol promises ("Programmer's
// Guide, What ZooKeeper Guarantees about Watches"). Reads are repeated automatically; a write that was on its
// way returns wire.ConnectionLoss, since it may have been carried out. When a server reports that the session
// has expired, the client is over: every call then returns [ErrExpired], and a caller that wants to go on
// connects again.
//
// Events, of watches and of the session itself, come from [Client.Next] in the order in which the
// client learned of them. Every call that waits takes a context.
//
// The package is built on package zkclient, which shows each frame of one connection and hides nothing.
package client
