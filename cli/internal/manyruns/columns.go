package manyruns

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/connect"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/base/nearest"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/store"
)

// The kinds of servers that a column of a matrix can have: the part before the colon in --on.
const (
	onEmbedded  = backend.InProcess
	onSimulated = "simulated"
	onImage     = "image"
	onExternal  = backend.FromElsewhere
)

var kindsOfColumns = []string{onEmbedded, onSimulated, onImage, onExternal}

// column is the servers of one --on.
type column struct {
	on   string // as it was given
	kind string
	of   string // the image, or the servers
}

// columnsOf parses the values of --on.
func columnsOf(given []string) (columns []column, err error) {
	if len(given) == 0 {
		return nil, usage.Errorf("give the servers to run on: --on %s, --on %s, --on %s:NAME[:TAG] or --on %s:host:port,...", onEmbedded, onSimulated, onImage, onExternal)
	}
	for i, on := range given {
		if slices.Contains(given[:i], on) {
			return nil, usage.Errorf("--on %.80q is given twice", on)
		}
		c, err := columnOf(on)
		if err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	return columns, nil
}

func columnOf(on string) (column, error) {
	kind, of, more := strings.Cut(on, ":")
	c := column{on, kind, of}
	switch {
	case !slices.Contains(kindsOfColumns, kind):
		return c, usage.Errorf("--on: unknown servers %.60q%sknown are %s, %s, %s:NAME[:TAG] and %s:host:port,...", on, nearest.DidYouMean(kind, kindsOfColumns), onEmbedded, onSimulated, onImage, onExternal)
	case (kind == onEmbedded || kind == onSimulated) && more:
		return c, usage.Errorf("--on %.60q: write %s, with nothing behind it", on, kind)
	case kind == onImage && of == "":
		return c, usage.Errorf("--on %s: name an image behind a colon, such as %s:zklab/zookeeper:3.9", kind, kind)
	case kind == onImage:
		if err := container.ValidateImage(of); err != nil {
			return c, usage.Errorf("--on: %v", err)
		}
	case kind == onExternal:
		if of == "" {
			return c, usage.Errorf("--on %s: name all servers behind a colon: %s:host:port,...[/chroot]", kind, kind)
		}
		if _, _, err := connect.ParseServers(of); err != nil {
			return c, usage.Errorf("--on %.80q: %s", on, strings.TrimPrefix(usage.OneLine(err), "--servers: "))
		}
	}
	return c, nil
}

// flags returns the flags of a sweep that choose the servers.
func (c column) flags() map[string][]string {
	set := map[string][]string{"simulate": {fmt.Sprint(c.kind == onSimulated)}, "ensemble": {backend.InProcess}}
	switch c.kind {
	case onImage:
		set["ensemble"], set["image"] = []string{backend.InContainers}, []string{c.of}
	case onExternal:
		set["ensemble"], set["servers"] = []string{backend.FromElsewhere}, []string{c.of}
	}
	return set
}

// takes reports whether a flag applies to the servers of the column.
func (c column) takes(flag string) bool { return slices.Contains(takers(flag), c.kind) }

// takers returns the kinds of columns to which a flag applies.
func takers(flag string) []string {
	switch {
	case flag == "nodes":
		return []string{onEmbedded, onSimulated, onImage}
	case flag == "latencies":
		return []string{onSimulated}
	case externalFlag(flag):
		return []string{onExternal}
	}
	return kindsOfColumns
}

// externalFlag reports whether a flag is about external ensembles.
func externalFlag(name string) bool {
	var cmd cobra.Command
	backend.ExternalFlags(&cmd, new(string), new(string), new(bool), new([]string), &store.Experiment{})
	return cmd.Flags().Lookup(name) != nil
}

// whoTakes names the kinds of columns to which a flag applies.
func whoTakes(flag string) string { return prose.List(takers(flag), "or") }
