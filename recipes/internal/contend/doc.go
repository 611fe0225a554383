// Package contend puts clients in line. A [Line] is a znode under which contenders stand in order,
// each with an ephemeral sequential znode. A [Hold] is the time during which a contender is in
// front, and knows when it is lost. An [Exclusive] is shared by all recipes with holds. A
// [Standby] lets a few of many clients that wait for one change watch for it.
//
// The package does not know what is held, nor what the holder does with it. The fields of a Line
// say how recipes differ.
package contend
