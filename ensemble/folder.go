package ensemble

import "time"

// RunsFolder is the znode in which runs have theirs, below the root of a [Shared]
// ensemble.
const RunsFolder = "/zklab"

// runName is how the name of a run's znode is written.
const runName = "20060102T150405.000000000"

// RunFolder is the znode of a run that starts now.
func RunFolder(started time.Time) string {
	return RunsFolder + "/" + started.UTC().Format(runName)
}

// RunStarted reads the name of a znode in RunsFolder; false for one that is no run's.
func RunStarted(name string) (time.Time, bool) {
	t, err := time.Parse(runName, name)
	return t, err == nil
}
