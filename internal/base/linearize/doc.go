// Package linearize decides whether the operations of one object are linearizable, with porcupine,
// and explains why not. It knows nothing of recipes and histories.
//
// A [Problem] is a porcupine model with operations. [Decide] searches for an order within a
// [Budget]. [Explain] says how far the longest order got, and which operations could have come next.
// [Draw] writes porcupine's page. A [Window] finds few operations that have no order by themselves,
// whatever decides them.
//
// porcupine itself bounds time alone. In a testing/synctest bubble time stands still while a
// search goes on, so there only a number of tries ends it. A model that panics, that does not return
// or that returns no state ends a search with an error.
package linearize
