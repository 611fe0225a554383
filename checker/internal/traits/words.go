package traits

import (
	"context"
	"regexp"
	"strings"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
)

// inWords returns properties whose texts name the object's own operations: own maps the names of the
// model's operations to them.
func inWords(own map[string]string, properties []*frame.Property) []*frame.Property {
	for _, p := range properties {
		decide, exercise := p.Decide, p.Exercise
		p.Decide = func(ctx context.Context, k *evidence.Key) frame.Finding {
			f := decide(ctx, k)
			f.Reason = renamed(f.Reason, own)
			for i := range f.Notes {
				f.Notes[i] = renamed(f.Notes[i], own)
			}
			return f
		}
		if exercise != nil {
			p.Exercise = func(a *evidence.Record, figures map[string]float64) string { return renamed(exercise(a, figures), own) }
		}
	}
	return properties
}

var word = regexp.MustCompile(`[a-z]+`)

// renamed puts the object's names into a text, but not into what is quoted: "dequeue" becomes "take", and
// "dequeues" becomes "calls of take".
func renamed(text string, own map[string]string) string {
	parts := strings.Split(text, `"`)
	for i := 0; i < len(parts); i += 2 {
		parts[i] = word.ReplaceAllStringFunc(parts[i], func(w string) string {
			if to, ok := own[w]; ok {
				return to
			}
			if to, ok := own[strings.TrimSuffix(w, "s")]; ok {
				return "calls of " + to
			}
			return w
		})
	}
	return strings.Join(parts, `"`)
}
