package onerun

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/store"
)

// porcupine's picture shows an order in which the operations on one key could have taken effect, or
// how far such an order exists. It is drawn for small keys only: with more than some hundred
// operations it is unreadable, and the search can take for ever.

const (
	mostPictures    = 3               // of violated keys; one of a key without violation
	picturePatience = 3 * time.Second // for each, and to read the history for them
	mostTries       = 8
)

// porcupinePage is a picture in the run's folder.
type porcupinePage struct {
	Key  string
	File string
}

// porcupinePages draws the pictures of the violated keys, or of one key if nothing was violated,
// provided that they are small enough.
func porcupinePages(m *material.Run, ctx context.Context) ([]porcupinePage, error) {
	dir := filepath.Join(m.Dir, "porcupine")
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	keys, most := violatedKeys(m), mostPictures
	if len(keys) == 0 {
		keys, most = allKeys(m), 1
	}
	keys = keys[:min(len(keys), mostTries)]
	pictures := readPictures(m, ctx)
	var pages []porcupinePage
	for _, key := range keys {
		if len(pages) == most || pictures == nil {
			break
		}
		content := porcupine(m, ctx, pictures, key)
		if content == nil {
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return pages, err
		}
		p := porcupinePage{Key: key, File: fmt.Sprintf("porcupine/%d.html", len(pages)+1)}
		if err := store.WriteFile(filepath.Join(m.Dir, p.File), content); err != nil {
			return pages, err
		}
		pages = append(pages, p)
	}
	return pages, nil
}

// readPictures returns nil if there can be none.
func readPictures(m *material.Run, ctx context.Context) *checker.Pictures {
	ctx, cancel := context.WithTimeout(ctx, picturePatience)
	defer cancel()
	pictures, err := checker.NewPictures(ctx, m.History, checker.Options{})
	if err != nil {
		return nil
	}
	return pictures
}

// porcupine returns the picture of one key, or nil if there can be none.
func porcupine(m *material.Run, ctx context.Context, pictures *checker.Pictures, key string) []byte {
	ctx, cancel := context.WithTimeout(ctx, picturePatience)
	defer cancel()
	var buf bytes.Buffer
	if err := pictures.Write(ctx, key, &buf); err != nil {
		return nil
	}
	title := html.EscapeString(m.Tab("porcupine " + words.Label(key, 40) + ": "))
	return bytes.Replace(buf.Bytes(), []byte("<title>Porcupine</title>"), []byte("<title>"+title+"</title>"), 1)
}

func violatedKeys(m *material.Run) []string {
	var keys []string
	for _, v := range verdicts.Deciding(verdicts.Violations(m.Result.Verdicts), m.Result.Strict) {
		if v.Key != "" && !slices.Contains(keys, v.Key) {
			keys = append(keys, v.Key)
		}
	}
	return keys
}

// allKeys returns all keys with operations, in order.
func allKeys(m *material.Run) []string {
	seen := map[string]bool{}
	for e := range m.History.All() {
		if e.Process >= 0 && e.Key != "" {
			seen[e.Key] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
