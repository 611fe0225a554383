// Package pictures makes the pictures of docs/pictures: the plots with the commands of docs/gallery.md and
// docs/compare.md, and those of the tutorial from the report that its test keeps. All runs are simulated. The package
// must not import the code that draws the pictures:
//
//	go run ./internal/dev pictures
//
// "make pictures" builds zklab first. A test draws the pictures of zklab monitor.
package pictures

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/internal/dev/command"
)

// Command is "dev pictures".
func Command(zklab *command.Zklab) *cobra.Command {
	var only string
	cmd := &cobra.Command{
		Use: "pictures", Short: "Make the pictures of docs/pictures again", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := filepath.Abs(string(*zklab))
			if err != nil {
				return err
			}
			if only != "" && !slices.ContainsFunc(groups, func(g group) bool { return g.name == only }) {
				return fmt.Errorf("--only: no group of pictures is called %q", only)
			}
			for _, g := range groups {
				if only != "" && only != g.name {
					continue
				}
				if err := makeGroup(cmd.Context(), g, path); err != nil {
					return fmt.Errorf("%s: %w", g.name, err)
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&only, "only", "", "one group of pictures: plots, talk, phases, herd or tutorial")
	return cmd
}

// group is a group of pictures that are made together: draw works in a folder of its own, and returns the
// pictures by their names.
type group struct {
	name string
	draw func(ctx context.Context, dir, zklab string) (map[string][]byte, error)
}

var groups = []group{{"plots", plots}, {"talk", talk}, {"phases", phases}, {"herd", herd}, {"tutorial", tutorial}}

func makeGroup(ctx context.Context, g group, zklab string) error {
	dir, err := os.MkdirTemp("", "zklab-pictures-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	drawn, err := g.draw(ctx, dir, zklab)
	if err != nil {
		return err
	}
	for name, picture := range drawn {
		if err := os.WriteFile(filepath.Join("docs/pictures", name), picture, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// The plots of the gallery, by where they come from.
var (
	ofOneRun   = []string{"latency", "quantiles", "latency-heatmap", "throughput", "probes", "holders", "failover", "clients"}
	ofManyRuns = []string{"phases", "failover-ecdf", "affected-ecdf", "outage-ecdf", "handover-ecdf", "latency-ecdf", "herd"}
)

// plots runs the script of docs/gallery.md: one run, then sweeps labelled many, eight and frozen, and a comparison.
func plots(ctx context.Context, dir, zklab string) (map[string][]byte, error) {
	script, err := scriptOf("docs/gallery.md")
	if err != nil {
		return nil, err
	}
	out, err := run(ctx, dir, zklab, "bash", "-ec", script)
	if err != nil {
		return nil, err
	}
	pages := regexp.MustCompile(`(?m)^ *page +(\S+)/sweep.html$`).FindAllStringSubmatch(out, -1)
	reports := regexp.MustCompile(`(?m)^ *report +(\S+)/report.html$`).FindAllStringSubmatch(out, -1)
	if len(pages) != 3 || len(reports) == 0 {
		return nil, fmt.Errorf("the script names %d sweeps, want 3, and %d runs:\n%s", len(pages), len(reports), out)
	}
	one, many, frozen := reports[0][1], pages[0][1], pages[2][1]
	files := map[string]string{"plot-belief-ecdf.svg": frozen + "/sweep-plots/belief-ecdf.svg"}
	for _, name := range ofOneRun {
		files["plot-"+name+".svg"] = one + "/plots/" + name + ".svg"
	}
	for _, name := range ofManyRuns {
		files["plot-"+name+".svg"] = many + "/sweep-plots/" + name + ".svg"
	}
	drawn, err := read(dir, files)
	if err != nil {
		return nil, err
	}
	comparison, err := os.ReadFile(filepath.Join(dir, "compare.html"))
	if err != nil {
		return nil, err
	}
	drawn["plot-compare-handover.svg"], err = inPage(comparison, `id="compare-handover"`)
	return drawn, err
}

// scriptOf returns the first script of a page.
func scriptOf(path string) (string, error) {
	page, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	_, script, _ := strings.Cut(string(page), "\n```sh\n")
	script, _, found := strings.Cut(script, "```\n")
	if !found {
		return "", fmt.Errorf("%s has no script", path)
	}
	return script, nil
}

// talk runs the script of docs/compare.md: sweeps of six groups, one of five failures of the leader, and a comparison.
func talk(ctx context.Context, dir, zklab string) (map[string][]byte, error) {
	script, err := scriptOf("docs/compare.md")
	if err != nil {
		return nil, err
	}
	out, err := run(ctx, dir, zklab, "bash", "-c", script) // without -e: one of the locks is violated
	if err != nil {
		return nil, err
	}
	pages := regexp.MustCompile(`(?m)^ *page +(\S+)/sweep.html$`).FindAllStringSubmatch(out, -1)
	if len(pages) != 7 {
		return nil, fmt.Errorf("the script names %d sweeps, want 7:\n%s", len(pages), out)
	}
	return read(dir, map[string]string{
		"talk-sessions.svg": "sessions-failover.svg", "talk-failures.svg": pages[6][1] + "/sweep-plots/failover-ecdf.svg",
	})
}

// phases makes the pictures of docs/failover.md: the simulated runs of three servers with sessions of 4 s.
func phases(ctx context.Context, dir, zklab string) (map[string][]byte, error) {
	const faults = "sequence,kill:leader+10s,pause:leader+10s,partition:leader+10s,restart:leader"
	out, err := run(ctx, dir, zklab, zklab, strings.Fields("run lock --clients 6 --rate 50 --probe 50 --subject zklab --nodes 3 "+
		"--session-timeout 4s --simulate --fault-interval 16s --time-limit 265s --repeat 8 --faults "+faults)...)
	if err != nil {
		return nil, err
	}
	page := regexp.MustCompile(`(?m)^ *page +(\S+)/sweep.html$`).FindStringSubmatch(out)
	if page == nil {
		return nil, fmt.Errorf("no sweep in\n%s", out)
	}
	return read(dir, map[string]string{"failover-phases.svg": page[1] + "/sweep-plots/phases.svg"})
}

// herd makes the plots of docs/herd.md, from the script's runs with a hundred clients.
func herd(ctx context.Context, dir, zklab string) (map[string][]byte, error) {
	files := map[string]string{}
	for _, subject := range []string{"zklab", "zklab-herd"} {
		_, err := run(ctx, dir, zklab, zklab, strings.Fields("run lock --subject "+subject+" --clients 100 --keys 1 --rate 2000 --op-timeout 1m "+
			"--time-limit 5s --faults none --simulate --seed 1 --out "+subject)...)
		if err != nil {
			return nil, err
		}
		files["herd-"+subject+".svg"] = subject + "/latest/plots/herd.svg"
	}
	return read(dir, files)
}

// tutorial makes the pictures of docs/tutorial.md: from the report of its smallest run, the first screen and the messages. The
// page gets what the same run printed.
func tutorial(ctx context.Context, dir, _ string) (map[string][]byte, error) {
	path := filepath.Join(dir, "report.html")
	if _, err := run(ctx, ".", "", "go", "test", "-count=1", "-run", "^TestTutorial$", "./docs", "-args", "-update", "-report", path); err != nil {
		return nil, err
	}
	report, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	messages, err := inPage(report, `alt="The messages between clients and servers, in order of time."`)
	if err != nil {
		return nil, err
	}
	if _, err := run(ctx, dir, "", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir="+dir+"/profile",
		"--window-size=1000,1090", "--force-device-scale-factor=1.25", "--screenshot="+dir+"/report.png", "file://"+path); err != nil {
		return nil, err
	}
	screen, err := os.ReadFile(filepath.Join(dir, "report.png"))
	return map[string][]byte{"tutorial-messages.svg": messages, "tutorial-report.png": screen}, err
}

// run runs a program in a folder, where it finds zklab, and returns what it printed. Exit codes of verdicts are no
// errors of zklab.
func run(ctx context.Context, dir, zklab, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+filepath.Dir(zklab)+":"+os.Getenv("PATH"))
	var out, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &messages
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, &out, &messages)
	}
	return out.String(), nil
}

// read reads files below a folder.
func read(dir string, paths map[string]string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for name, path := range paths {
		file, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			return nil, err
		}
		files[name] = file
	}
	return files, nil
}

var image = regexp.MustCompile(`src="data:image/svg&#43;xml;base64,([^"]*)"`)

// inPage returns the drawing in a page that has an attribute, or the first drawing in the element that has
// it.
func inPage(page []byte, attribute string) ([]byte, error) {
	at := bytes.Index(page, []byte(attribute))
	if at < 0 {
		return nil, fmt.Errorf("the page has nothing with %s", attribute)
	}
	if start := bytes.LastIndexByte(page[:at], '<'); bytes.HasPrefix(page[start:], []byte("<img ")) {
		at = start
	}
	found := image.FindSubmatch(page[at:])
	if found == nil {
		return nil, fmt.Errorf("the page has no drawing at %s", attribute)
	}
	return base64.StdEncoding.DecodeString(html.UnescapeString(string(found[1])))
}
