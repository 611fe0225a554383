// Package version finds out which zklab a program contains, from the program's build information. The
// program is the command, or a test that imports zklab. The package may import no other package of
// zklab.
package version

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
)

// path is the path of zklab's module.
const path = "github.com/zklab/zklab"

// unknown is the version of a module that was built from a folder, as Go calls it.
const unknown = "(devel)"

// Module returns the version of zklab's module, such as v1.2.3; "(devel)" if none was recorded.
func Module() string { return module(recorded()) }

// Line returns the version of the module with the commit and its date, the version of Go and the
// platform, in one line. It is the same for the whole life of a process.
func Line() string {
	return line(recorded()) + ", " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
}

// recorded is the build information of this program, empty if it has none.
var recorded = sync.OnceValue(func() *debug.BuildInfo {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info
	}
	return &debug.BuildInfo{}
})

func module(info *debug.BuildInfo) string {
	var found debug.Module
	if info.Main.Path == path {
		found = info.Main
	}
	for _, dep := range info.Deps {
		if dep.Path != path {
			continue
		}
		if found = *dep; dep.Replace != nil {
			found = *dep.Replace
		}
	}
	return cmp.Or(found.Version, unknown)
}

// line returns the part of Line that comes from the build information.
func line(info *debug.BuildInfo) string {
	version := module(info)
	if commit := commit(info); commit != "" {
		return version + ", commit " + commit
	}
	if version == unknown {
		return version + ", no commit recorded"
	}
	return version // it names a release
}

// shown is how many digits of a commit are enough for people, and for git.
const shown = 12

// commit names the commit of zklab's own repository, in words; empty where none was recorded. The
// commit of a program that imports zklab is not zklab's.
func commit(info *debug.BuildInfo) string {
	if info.Main.Path != path {
		return ""
	}
	vcs := map[string]string{}
	for _, s := range info.Settings {
		if key, ok := strings.CutPrefix(s.Key, "vcs."); ok {
			vcs[key] = s.Value
		}
	}
	revision := vcs["revision"]
	if revision == "" {
		return ""
	}
	text := revision[:min(shown, len(revision))]
	if vcs["modified"] == "true" {
		text += " (modified)"
	}
	if vcs["time"] != "" {
		text += " of " + vcs["time"]
	}
	return text
}
