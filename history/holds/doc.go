// Package holds reads out of a history who held what when, for all that judge it,
// measure it, draw it or tell of it. It decides nothing, and knows of sessions only
// what an [Evidence] says.
//
// What flows in are the operations on a key and the losses that were told of it; out
// comes each [Hold] with its beginning, with all that its client said and was told of
// its end, and with until when the client believed in it ([Overlaps]: two at a time).
// [Of] reads a whole history by what it says itself; package checker brings more
// evidence to its [Reader]. Barriers have simpler times, see [Stay].
package holds
