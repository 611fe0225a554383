// Package holds derives from a history which client held what and when, for packages that check,
// measure, draw or describe holds. It decides nothing. All it knows about sessions comes from an
// [Evidence].
//
// Its input is the operations on a key and the reported losses of holds. Its output is each [Hold]
// with its beginning, with everything that its client said and learned about its end, and with the
// time until which the client believed that it held. [Overlaps] finds the times in which two
// clients believed that they held one key. [Of] reads a whole history with the evidence in it;
// package checker adds more evidence to its [Reader]. Barriers have simpler times; see [Stay].
package holds
