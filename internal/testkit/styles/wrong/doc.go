// Package wrong has wrong recipes in different styles, written only against the contracts. The default
// test has to convict each of them. They make one of two mistakes:
//
//   - A client finds a znode with its own name, and takes it for its own. But a process of its last life
//     created it, in a session that is about to end.
//   - A client looks, and acts on what it saw. By then that has changed, or the request arrives late.
//
// Most of them have a twin without the mistake, which no check may accuse.
package wrong
