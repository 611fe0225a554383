// Package plan decides when faults happen: it reads schedules as people write them, derives
// the steps of a schedule from a seed, and plays those steps. It touches an ensemble and
// its clients only through faults, and knows no fault by its name.
//
// A [Schedule] is parsed ([Parse]), written ([Schedule.String]), fitted to an ensemble
// ([Schedule.Choose]) and planned ([Schedule.Plan]); or its steps are given one by one
// ([Steps]). A step begins at a time or at a message. [Play] carries out a plan, records
// each step as an event of the process "nemesis", and heals everything before it returns,
// even after an error or a cancellation.
package plan
