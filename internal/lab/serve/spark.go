package serve

import (
	"bytes"
	"fmt"
	"net/http"
	"path"
	"sync"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/catalog"
	"github.com/zklab/zklab/internal/lab/progress"
)

// sparks are the small plots of the list, kept while their runs do not change.
type sparks struct {
	*files
	mu   sync.Mutex
	kept map[string]sparkOf
}

type sparkOf struct {
	stamp stamp
	svg   []byte
}

func newSparks(f *files) sparks { return sparks{files: f, kept: map[string]sparkOf{}} }

// Sizes of a small plot, in pixels.
const (
	sparkWidth  = 160
	sparkHeight = 28
	sparkBars   = 40
	// mostDrawn is the size of the longest record that is read for a plot, in bytes.
	mostDrawn = 200 << 20
	mostKept  = 2000
)

// Colours that are legible on light and on dark pages: an image does not know the page's background.
const (
	okColour    = "#3d8fc6"
	badColour   = "#d5662a"
	faultColour = "#b9892f"
	goodColour  = "#2f9a78"
	openColour  = "#b9892f"
	restColour  = "#8a949e"
)

// spark sends the small plot of a run: successes and other outcomes over time, and below them when
// faults were in effect; or the shares of verdicts of a sweep.
func (s *Server) spark(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("path")
	e, ok := s.index.entry(r.Context(), name)
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	if e.Kind != catalog.Run {
		_, _ = w.Write(sweepSpark(e))
		return
	}
	svg, err := s.sparks.of(name)
	if err != nil {
		svg = []byte(fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d"/>`, sparkWidth, sparkHeight))
	}
	_, _ = w.Write(svg)
}

func (s *sparks) of(name string) ([]byte, error) {
	file, info, err := s.open(path.Join(name, historyFile))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	s.mu.Lock()
	kept, ok := s.kept[name]
	s.mu.Unlock()
	if ok && kept.stamp == stampOf(info) {
		return kept.svg, nil
	}
	if info.Size() > mostDrawn {
		return nil, fmt.Errorf("%s is too long", name)
	}
	var p pulse
	if err := p.read(file, s.declare); err != nil && p.Now == 0 {
		return nil, err
	}
	kept = sparkOf{stampOf(info), runSpark(&p)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) >= mostKept {
		clear(s.kept)
	}
	s.kept[name] = kept
	return kept.svg, nil
}

// runSpark draws a run.
func runSpark(p *pulse) []byte {
	per := max(1, (len(p.Slots)+sparkBars-1)/sparkBars)
	bars := grouped(p.Slots, per)
	most := 1
	for _, bar := range bars {
		most = max(most, bar.OK+bar.Fail+bar.Info)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">`, sparkWidth, sparkHeight, sparkWidth, sparkHeight)
	const room = sparkHeight - 4.0 // above the faults
	width := sparkWidth / float64(max(1, len(bars)))
	for i, bar := range bars {
		ok := room * float64(bar.OK) / float64(most)
		bad := room * float64(bar.Fail+bar.Info) / float64(most)
		rect(&b, okColour, float64(i)*width, room-ok, width*0.85, ok)
		rect(&b, badColour, float64(i)*width, room-ok-bad, width*0.85, bad)
	}
	if whole := time.Duration(len(bars)*per) * progress.Slot; whole > 0 {
		for _, f := range p.Faults.All {
			if !f.Took {
				continue
			}
			until := f.Over
			if until == history.Never {
				until = p.Now
			}
			from := sparkWidth * float64(f.Injected) / float64(whole)
			rect(&b, faultColour, from, sparkHeight-3, max(1.5, sparkWidth*float64(until-f.Injected)/float64(whole)), 3)
		}
	}
	b.WriteString("</svg>")
	return b.Bytes()
}

// sweepSpark draws the shares of the verdicts of a sweep.
func sweepSpark(e entry) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" preserveAspectRatio="none">`, sparkWidth, sparkHeight, sparkWidth, sparkHeight)
	from := 0.0
	shares := sharesOf(e)
	for i, colour := range []string{goodColour, openColour, badColour, restColour} {
		width := sparkWidth * shares[i]
		if shares[i] > 0 {
			width = max(width, 1.5) // so that a single violation is visible
		}
		rect(&b, colour, min(from, sparkWidth-1.5), 8, width, 12)
		from += width
	}
	b.WriteString(`<rect x="0.5" y="7.5" width="159" height="13" fill="none" stroke="` + restColour + `"/></svg>`)
	return b.Bytes()
}

func rect(b *bytes.Buffer, colour string, x, y, width, height float64) {
	if width > 0 && height > 0 {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, x, y, width, height, colour)
	}
}
