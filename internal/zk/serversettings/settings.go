// Package serversettings knows the names of Apache ZooKeeper's settings. An Apache server accepts any
// name in its zoo.cfg and does not report an unknown one, so a misspelt setting has no effect. The
// package is for programs that read settings from people; it has no values.
package serversettings

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/base/nearest"
)

// names lists the settings that a server of ZooKeeper 3.9 reads: from zoo.cfg, and from the Java properties that
// begin with "zookeeper.", to which the server adds the lines of zoo.cfg that it does not know otherwise
// (QuorumPeerConfig).
//
//go:embed names.txt
var names string

var all, small = strings.Fields(names), strings.Fields(strings.ToLower(names))

// families holds the beginnings of names that can be continued in any way.
var families = []string{"server.", "group.", "weight.", "metricsProvider.", "authProvider.", "ssl.", "quorum.auth."}

// byJava lists Java properties of the server without the prefix "zookeeper.", which zoo.cfg cannot set.
var byJava = []string{"jute.maxbuffer", "readonlymode.enabled"}

// Check returns an error for a name that is not a setting of zoo.cfg; it names the setting that was
// probably meant.
func Check(name string) error {
	switch {
	case slices.Contains(all, name):
		return nil
	case slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(name, f) && name != f }):
		return nil
	case slices.Contains(byJava, name):
		return fmt.Errorf("zoo.cfg cannot set %s: pass -D%s=VALUE to the server's JVM", name, name)
	}
	if offer := meant(name); offer != "" {
		return fmt.Errorf("ZooKeeper has no setting %.80q; did you mean %s?", name, offer)
	}
	return fmt.Errorf("ZooKeeper has no setting %.80q", name)
}

// meant returns the setting that is nearest to a name; "" if none is near.
func meant(name string) string {
	if named := Named(name); named != "" {
		return named
	}
	if i := slices.Index(small, nearest.To(name, small)); i >= 0 {
		return all[i]
	}
	return ""
}

// Named returns the setting whose name differs only by capitals, points and dashes: maxClientCnxns for
// max-client-cnxns; "" if there is none.
func Named(text string) string {
	for _, name := range slices.Concat(all, byJava) {
		if Same(name, text) {
			return name
		}
	}
	return ""
}

// Same reports whether two names differ only in capitals, points, dashes and underscores.
func Same(a, b string) bool { return plain(a) == plain(b) }

var marks = strings.NewReplacer(".", "", "-", "", "_", "")

func plain(name string) string { return strings.ToLower(marks.Replace(name)) }
