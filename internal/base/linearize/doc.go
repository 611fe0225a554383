// Package linearize decides whether the operations of one object are linearizable, with porcupine, and
// explains why not. It knows nothing of recipes and histories.
//
// A [Problem] is a porcupine model with operations. [Decide] searches for an order within a [Budget].
// [Explain] shows how far the longest order got, and which operations could have come next. [Draw]
// writes porcupine's page. A [Window] finds few operations that have no order by themselves, with any
// procedure that decides them.
//
// porcupine itself bounds only time. In a testing/synctest bubble, time stands still while a search
// runs, so only a number of tries ends it there. A model that panics, that does not return or that
// returns no state ends a search with an error.
package linearize
