package gotests

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
)

// SeedVariable is the environment variable that sets the seed of a test.
const SeedVariable = "ZKLAB_SEED"

// forTest sets the seed and the command that repeats the test.
func forTest(x experiment.Experiment, name string) (experiment.Experiment, error) {
	seed, err := namedSeed()
	if err != nil {
		return x, err
	}
	x.Seed = cmp.Or(seed, x.Seed)
	if x.Seed == 0 {
		x.Seed = experiment.DrawSeed()
	}
	if x.Replay == "" {
		x.Replay = replayTest(x.Seed, name)
	}
	return x, nil
}

// namedSeed returns the value of the environment variable, or 0 if it is not set.
func namedSeed() (int64, error) {
	text := os.Getenv(SeedVariable)
	if text == "" {
		return 0, nil
	}
	seed, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, engine.Usage("%s is %q, which is not a number", SeedVariable, text)
	}
	if seed < 0 {
		return 0, engine.Usage("%s must not be negative, as %d is", SeedVariable, seed)
	}
	return seed, nil
}

// replayTest returns the command that repeats a test with a seed, from anywhere in its module.
func replayTest(seed int64, name string) string {
	return strings.TrimSpace(fmt.Sprintf("%s=%d go test -run '%s' %s", SeedVariable, seed, pattern(name), testedPackage()))
}

// testedPackage returns the import path of the package under test, or "" if this is not a test binary,
// or was built from single files.
func testedPackage() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	path, is := strings.CutSuffix(info.Path, ".test")
	if !is || path == "command-line-arguments" {
		return ""
	}
	return path
}

// pattern returns the argument of "go test -run" that selects one test.
func pattern(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}
