package overlay

import "embed"

// change is a change of a file of the standard library: the text at must be in it exactly once, and is
// replaced by with.
type change struct{ file, at, with string }

// added holds new files of the standard library, in the folders of their packages. They contain the
// functions that the changes call.
//
//go:embed all:_std
var added embed.FS

// changes holds all changes. The package comment says why each is needed.
var changes = []change{
	// The switch: SetGlobalRandom also gives the seed to the runtime.
	{
		"testing/cryptotest/rand.go",
		"func testingCheckParallel(t *testing.T)\n",
		"func testingCheckParallel(t *testing.T)\n" +
			"\n//go:linkname seedBubbles\nfunc seedBubbles(seed uint64, set bool) (before uint64, wasSet bool)\n",
	},
	{
		"testing/cryptotest/rand.go",
		"\tt.Cleanup(func() {\n",
		"\tbefore, wasSet := seedBubbles(seed, true)\n\tt.Cleanup(func() {\n\t\tseedBubbles(before, wasSet)\n",
	},
	{ // a simulation may run in a program that is no test
		"testing/cryptotest/rand.go",
		"\tif !testing.Testing() {\n",
		"\tif false {\n",
	},
	{
		"runtime/synctest.go",
		"type synctestBubble struct {\n",
		"type synctestBubble struct {\n\tchoices seededChoices\n",
	},
	{
		"runtime/synctest.go",
		"\tgp.bubble = bubble\n\tdefer func() {\n",
		"\tbubble.choices.begin(bubble.now)\n\tgp.bubble = bubble\n\tdefer func() {\n\t\tbubble.choices.end()\n",
	},
	{
		"runtime/synctest.go",
		"\t\tbubble.now = next\n",
		"\t\tbubble.now = next\n\t\tbubble.choices.startAgain(next)\n",
	},

	// Choices.
	{"runtime/select.go", "j := cheaprandn(uint32(norder + 1))", "j := chooseCase(uint32(norder + 1))"},
	{"runtime/time.go", "t.rand = cheaprand()", "t.rand = chooseTimer()"},
	{
		"runtime/rand.go",
		"func rand() uint64 {\n",
		"func rand() uint64 {\n\tif c := choicesHere(); c != nil {\n\t\treturn c.draw(choiceElse)\n\t}\n",
	},
	{
		"runtime/rand.go",
		"func randn(n uint32) uint32 {\n",
		"func randn(n uint32) uint32 {\n\tif c := choicesHere(); c != nil {\n\t\treturn c.below(choiceOfPool, n)\n\t}\n",
	},
	{"math/rand/rand.go", "//go:linkname runtime_rand runtime.rand\n", "//go:linkname runtime_rand runtime.randForPackages\n"},
	{"math/rand/v2/rand.go", "//go:linkname runtime_rand runtime.rand\n", "//go:linkname runtime_rand runtime.randForPackages\n"},

	// Maps.
	{
		"internal/runtime/maps/runtime.go",
		"//go:linkname rand\nfunc rand() uint64\n",
		"//go:linkname rand\nfunc rand() uint64\n\n//go:linkname chooseStart\nfunc chooseStart() uint64\n",
	},
	{
		"internal/runtime/maps/table.go",
		"\tit.entryOffset = rand()\n\tit.dirOffset = rand()\n",
		"\tit.entryOffset = chooseStart()\n\tit.dirOffset = chooseStart()\n",
	},
	{
		"runtime/rand.go",
		"func maps_rand() uint64 {\n\treturn rand()\n",
		"func maps_rand() uint64 {\n\treturn seedOfMap()\n",
	},
	{"internal/sync/hashtriemap.go", "//go:linkname runtime_rand runtime.rand\n", "//go:linkname runtime_rand runtime.seedOfMap\n"},
	{
		"runtime/alg.go",
		"func alginit() {\n",
		"func alginit() {\n\tif true {\n\t\tfixHashes()\n\t\treturn\n\t}\n",
	},
	{
		"context/context.go",
		"\tchildren map[canceler]struct{} // set to nil by the first cancel call\n",
		"\tchildren map[canceler]uint64   // set to nil by the first cancel call\n\tadded    uint64                // how many children there were\n",
	},
	{"context/context.go", "p.children = make(map[canceler]struct{})", "p.children = make(map[canceler]uint64)"},
	{
		"context/context.go",
		"\t\t\tp.children[child] = struct{}{}\n",
		"\t\t\tp.added++\n\t\t\tp.children[child] = p.added\n",
	},
	{"context/context.go", "for child := range c.children {", "for _, child := range inOrder(c.children) {"},

	// Retake processors only outside seeded bubbles, or when one is stuck.
	{
		"runtime/proc.go",
		"func retake(now int64) uint32 {\n",
		"func retake(now int64) uint32 {\n\tif seededBubbles.Load() > 0 && !stuck() {\n\t\treturn 0\n\t}\n",
	},
	{
		"runtime/proc.go",
		"\tif !inheritTime {\n\t\tmp.p.ptr().schedtick++\n",
		"\tif !inheritTime && !standsBack(gp) {\n\t\tmp.p.ptr().schedtick++\n",
	},
	{"runtime/proc.go", "const randomizeScheduler = raceenabled\n", "var randomizeScheduler = raceenabled\n"},
	{
		"runtime/proc.go",
		"\tif randomizeScheduler && next && randn(2) == 0 {\n",
		"\tif standsBack(gp) {\n\t\tstandBack(gp)\n\t\treturn\n\t}\n\tif randomizeScheduler && next && randn(2) == 0 {\n",
	},
	{
		"runtime/proc.go",
		"\tn = min(n, sched.runq.size, sched.runq.size/gomaxprocs+1)\n",
		"\tn = min(n, sched.runq.size, sched.runq.size/gomaxprocs+1)\n\tif seededBubbles.Load() > 0 {\n\t\tn = 1\n\t}\n",
	},
	{
		"runtime/sema.go",
		"func internal_sync_nanotime() int64 {\n",
		"func internal_sync_nanotime() int64 {\n\tif choicesHere() != nil {\n\t\treturn getg().bubble.now\n\t}\n",
	},

	// Work that takes time but decides nothing.
	{
		"runtime/proc.go",
		"func wakep() {\n",
		"func wakep() {\n\tif nobodyToWake() {\n\t\treturn\n\t}\n",
	},
	{
		"runtime/malloc.go",
		"\t\tmemclrNoHeapPointersChunked(size, x) // This",
		"\t\tclearLarge(size, x) // This",
	},
	{"runtime/stack.go", "var startingStackSize uint32 = fixedStack\n", "var startingStackSize uint32 = roomyStack\n"},
	{"runtime/stack.go", "\t\tstartingStackSize = fixedStack\n", "\t\tstartingStackSize = roomyStack\n"},
	{"runtime/stack.go", "\tif avg < fixedStack {\n\t\tavg = fixedStack\n", "\tif avg < roomyStack {\n\t\tavg = roomyStack\n"},
}
