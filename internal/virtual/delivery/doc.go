// Package delivery is the network of a simulation: messages arrive one at a time, at moments that follow from
// a seed. It does not know what a message is.
//
// Everything that happens in a bubble of testing/synctest because of the outside is a message that arrives or
// a timer that fires. If two arrive at one instant, two goroutines run at once, and Go's scheduler chooses
// which is first. With this package, the next message arrives at least a nanosecond of virtual time later,
// and virtual time passes only when all goroutines are blocked: all effects of one message are over before
// the next one comes.
//
// Start with [Scheduler]; each direction of a connection is a [Stream].
package delivery
