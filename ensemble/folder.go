package ensemble

import "time"

// RunsFolder is the parent of the znodes of runs, below the root of a [Shared] ensemble.
const RunsFolder = "/zklab"

// runName is the format of the name of a run's znode.
const runName = "20060102T150405.000000000"

// RunFolder returns the znode of a run that starts now.
func RunFolder(started time.Time) string {
	return RunsFolder + "/" + started.UTC().Format(runName)
}

// RunStarted parses the name of a znode in RunsFolder; false if it is not the name of a run.
func RunStarted(name string) (time.Time, bool) {
	t, err := time.Parse(runName, name)
	return t, err == nil
}
