// Package contend puts clients in line: a [Line] is a znode under which contenders stand in order,
// each with an ephemeral sequential znode; a [Hold] is the time during which one is in front, and
// knows when it is lost; an [Exclusive] is what everything that is held has in common; a [Standby]
// lets few of many clients that wait for one change watch for it.
//
// It does not know what is held, nor what the first in line does with it. Where recipes differ, the
// fields of a Line say how.
package contend
