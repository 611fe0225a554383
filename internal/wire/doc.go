// Package wire is the ZooKeeper client protocol: the frames, headers and
// records that clients and servers exchange over one connection.
//
// A connection carries frames, each a four-byte length and a body. The first
// frame from the client is a [ConnectRequest], the first from the server a
// [ConnectResponse]; from then on the client sends requests ([RequestHeader]
// and a record) and the server replies ([ReplyHeader] and a record) in the
// order of the requests, with watch events in between.
//
// Whoever owns a connection reads it with [ReadFrame]; whoever only looks on
// as bytes pass through uses a [Splitter], which keeps a bounded part of each
// frame. Requests are named by [Op], errors by [Code]. [Paths] tells which
// znodes a request is about. [IsQuorum] and [ProvesAlive] say what a reply is
// evidence of. [EndSession] ends somebody else's session.
//
// Everything decodes from bytes that a stranger may have written: a decoder
// never panics, and never allocates more than a small multiple of its input.
package wire
