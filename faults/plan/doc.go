// Package plan is what faults are done when: schedules as people write them, the steps
// that follow from one and a seed, and playing those steps. It touches an ensemble and
// its clients by faults alone, and knows none of them by its name.
//
// A [Schedule] is read ([Parse]), written ([Schedule.String]), fitted to what there is
// ([Schedule.Choose]) and planned ([Schedule.Plan]); or its steps are given one by one
// ([Steps]). A step begins at a time or at a message. [Play] carries a plan out, records
// each step as an event of the process "nemesis", and heals everything at the end,
// however the end comes.
package plan
