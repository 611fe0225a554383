package serve

import (
	"errors"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/lab/catalog"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/matrix"
	"github.com/zklab/zklab/internal/lab/sweep"
)

// runContent is the content of the page of a run or a sweep.
type runContent struct {
	entry
	Broken   []string // what is violated, with the reasons
	Facts    [][2]string
	Files    []storedFile
	Live     string // the address of its events while it is under way
	Sweep    *sweepSnapshot
	Kept     bool // it is a run that a sweep has kept
	Explored explore.Stored
}

// storedFile is a file of a run.
type storedFile struct {
	Name, Path string
	Size       int64
	About      string
}

// about describes files, those of most interest first.
var about = [][2]string{
	{"report.html", "the report"},
	{"sweep.html", "the page of the sweep"},
	{matrix.PageFile, "the page of the matrix"},
	{explore.StoredFile, "what was tried and found"},
	{"check.json", "what else happened during the check"},
	{"timeline.html", "who held what when"},
	{"history.jsonl", "the record"},
	{"transactions.jsonl", "what the servers committed"},
	{"result.json", "verdicts and figures"},
	{"experiment.yaml", "what is needed to run it again"},
	{"junit.xml", "the verdicts for CI systems"},
	{"points.txt", "messages at which faults can be injected"},
}

// runPage sends the page of a run or a sweep.
func (s *Server) runPage(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("path")
	c := runContent{}
	var ok bool
	if c.entry, ok = s.index.entry(r.Context(), name); !ok {
		if !s.index.folder(name) || !s.index.within(r.Context(), name) {
			s.absent(w, r, name)
			return
		}
		c.Kept, c.entry = true, s.index.readRun(name)
		c.Recipe = recipeOf(name)
		if _, err := s.index.stat(path.Join(name, "report.html")); err == nil {
			c.Report = path.Join(name, "report.html")
		}
	}
	c.Files = s.filesOf(name)
	if c.State == catalog.Running {
		c.Live = link("live", name)
	}
	if c.Kind == catalog.Sweep {
		now := s.sweepNow(r.Context(), c.entry)
		c.Sweep = &now
	} else if c.Kind == catalog.Exploration {
		c.Explored, _ = s.index.explored(name) // the entry says what is wrong with the exploration
	} else if c.Kind == catalog.Run {
		c.Broken = s.broken(name)
	}
	c.Facts = factsOf(c.entry)
	s.show(w, r, http.StatusOK, "run", marks[c.State]+" "+name, c)
}

// recipeOf returns the recipe of a run that a sweep has kept, by the folders that it is in.
func recipeOf(name string) string {
	if parts := strings.Split(name, "/"); len(parts) > 2 && parts[0] == sweep.StoreFolder {
		return parts[1]
	}
	return path.Dir(name)
}

// broken returns what a run violated and why, in words.
func (s *Server) broken(name string) (out []string) {
	r, err := s.index.result(name)
	if err != nil {
		return nil
	}
	const most = 20
	for _, v := range r.Verdicts {
		if v.Result != checker.Violation || v.Measured && !r.Strict || len(out) == most {
			continue
		}
		text := v.Property
		if v.Key != "" {
			text += " of " + v.Key
		}
		out = append(out, printable.Text(text+": "+v.Reason, 500))
	}
	return out
}

func factsOf(e entry) (facts [][2]string) {
	for _, f := range [][2]string{{"subject", e.Subject}, {"ensemble", e.Ensemble}, {"faults", e.Faults}, {"seed", e.Seed}, {"label", e.Label}} {
		if f[1] != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// mostFiles bounds the files that a page lists.
const mostFiles = 200

// filesOf lists the files of a folder: those that people look for first, then the rest.
func (s *Server) filesOf(name string) (out []storedFile) {
	add := func(file, text string) {
		if info, err := s.index.stat(path.Join(name, file)); err == nil && len(out) < mostFiles {
			out = append(out, storedFile{Name: file, Path: path.Join(name, file), Size: info.Size(), About: text})
		}
	}
	known := map[string]bool{}
	for _, f := range about {
		known[f[0]] = true
		add(f[0], f[1])
	}
	_ = fs.WalkDir(s.root.FS(), name, func(file string, d fs.DirEntry, err error) error { // what cannot be read is not listed
		rel := strings.TrimPrefix(file, name+"/")
		switch {
		case errors.Is(err, fs.ErrPermission):
			return fs.SkipDir
		case err != nil || len(out) >= mostFiles:
			return fs.SkipAll
		case d.IsDir() && strings.HasSuffix(file, "/runs"): // runs of a sweep: they have pages of their own
			return fs.SkipDir
		case d.Type().IsRegular() && !known[rel] && path.Ext(rel) != ".png":
			add(rel, "")
		}
		return nil
	})
	return out
}
