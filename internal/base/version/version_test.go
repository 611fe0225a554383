package version

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestLine(t *testing.T) {
	own := func(version string, vcs ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Path: path, Version: version}, Settings: vcs}
	}
	within := func(dep debug.Module) *debug.BuildInfo {
		return &debug.BuildInfo{
			Main: debug.Module{Path: "example.com/mine", Version: "v9.9.9"}, Deps: []*debug.Module{{Path: "example.com/a", Version: "v7.0.0"}, &dep},
			Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "feedfeedfeedfeed"}},
		}
	}
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "d2b60349a1b2c3d4e5f60718293a4b5c6d7e8f90"}
	at := debug.BuildSetting{Key: "vcs.time", Value: "2026-11-25T20:00:00Z"}
	for _, tt := range []struct {
		name string
		info *debug.BuildInfo
		want string
	}{
		{"nothing recorded", &debug.BuildInfo{}, "(devel), no commit recorded"},
		{"built without git", own("(devel)"), "(devel), no commit recorded"},
		{"a test", own(""), "(devel), no commit recorded"},
		{"installed", own("v1.2.3"), "v1.2.3"},
		{"a clone", own("v1.2.3", revision, at, debug.BuildSetting{Key: "vcs.modified", Value: "false"}), "v1.2.3, commit d2b60349a1b2 of 2026-11-25T20:00:00Z"},
		{"a changed clone", own("(devel)", revision, at, debug.BuildSetting{Key: "vcs.modified", Value: "true"}), "(devel), commit d2b60349a1b2 (modified) of 2026-11-25T20:00:00Z"},
		{"a short revision", own("(devel)", debug.BuildSetting{Key: "vcs.revision", Value: "17"}), "(devel), commit 17"},
		{"imported", within(debug.Module{Path: path, Version: "v1.2.3"}), "v1.2.3"},
		{"replaced by a folder", within(debug.Module{Path: path, Version: "v1.2.3", Replace: &debug.Module{Path: "../zklab"}}), "(devel), no commit recorded"},
		{"replaced by a fork", within(debug.Module{Path: path, Version: "v1.2.3", Replace: &debug.Module{Path: "example.com/fork", Version: "v1.2.4"}}), "v1.2.4"},
	} {
		if got := line(tt.info); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A program with another main module, and without zklab among its dependencies, does not report that
// module's version as zklab's.
func TestStranger(t *testing.T) {
	if got := module(&debug.BuildInfo{Main: debug.Module{Path: "example.com/mine", Version: "v9.9.9"}}); got != unknown {
		t.Error(got)
	}
}

// The version of this test binary is one line.
func TestThisProgram(t *testing.T) {
	if got := Line(); !strings.HasPrefix(got, Module()) || !strings.Contains(got, " go1.") || strings.Contains(got, "\n") {
		t.Errorf("%q", got)
	}
}
