// Package wire is the ZooKeeper client protocol: the frames, headers and records that clients and
// servers exchange over one connection. It opens no connections by itself, and keeps no state beyond
// the frames of one connection.
//
// A connection carries frames, each a four-byte length and a body. The first
// frame from the client is a [ConnectRequest], the first from the server a
// [ConnectResponse]; from then on the client sends requests ([RequestHeader]
// and a record) and the server replies ([ReplyHeader] and a record) in the
// order of the requests, with watch events in between.
//
// A server decodes the record after a request's header with [DecodeRequest], and appends its answer to
// the buffer of a frame:
//
//	start := len(b)
//	b = wire.BeginFrame(b)
//	b = wire.ReplyHeader{Xid: xid, Zxid: zxid}.Append(b)
//	b = wire.DataReply{Data: data, Stat: stat}.Append(b)
//	wire.EndFrame(b, start)
//
// A client does the same with [AppendRequest], and decodes the record after a reply's header with the
// function for the type of its request, such as [DecodeDataReply]. A record whose form depends on the
// type of the request has functions that take the [Op]; every other one has a method Append. The
// layouts come from ZooKeeper 3.9's zookeeper.jute, and for multi from what its server reads and
// writes.
//
// A program that owns a connection reads it with [ReadFrame]; one that only watches bytes pass through
// uses a [Splitter], which keeps a bounded part of each frame. Requests are named by [Op], errors by
// [Code]. [Paths] returns the znodes that a request is about. [ProvesAlive] reports what a reply
// proves. [EndSession] ends another client's session.
//
// Everything decodes from bytes that a stranger may have written: a decoder never panics, and never
// allocates more than a small multiple of its input. Bytes after a record are ignored, as in Java's
// server. Strings are not checked: whether a path is valid is for the server to judge.
package wire
