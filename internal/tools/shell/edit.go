package shell

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/zklab/zklab/internal/zk/wire"
)

// edited is the result of edit.
type edited struct {
	statResult
	Changed bool `json:"changed"`
}

func (r edited) text(p *page) {
	if !r.Changed {
		p.printf("%s is unchanged\n", legible(r.Path))
	}
}

func (s *Shell) edit(ctx context.Context, args []string) error {
	path, err := s.at(args[0])
	if err != nil {
		return err
	}
	if s.Editor == nil {
		return usagef("edit needs a terminal: set %s - reads the data from standard input", quote(path))
	}
	data, stat, err := s.Client.Get(ctx, path, false)
	if err != nil {
		return did("edit", path, err)
	}
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return usagef("edit %s: its data are not text, and an editor may damage them: set %s - reads them from standard input", quote(path), quote(path))
	}
	file, err := fileFor(path, data)
	if err != nil {
		return err
	}
	text, err := s.editFile(ctx, file, data)
	if err != nil {
		return kept(fmt.Errorf("edit %s: %w", quote(path), err), file, data)
	}
	if bytes.Equal(text, data) {
		forget(file)
		return s.emit(edited{statOf(path, stat), false})
	}
	// An interrupt that ended the editor must not prevent the write.
	stat, err = s.Client.Set(context.WithoutCancel(ctx), path, text, stat.Version)
	if err != nil {
		if errors.Is(err, wire.BadVersion) {
			err = &explained{"edit " + quote(path) + ": another client wrote it meanwhile: nothing was written", err}
		} else {
			err = did("edit", path, err)
		}
		return kept(err, file, data)
	}
	forget(file)
	return s.emit(edited{statOf(path, stat), true})
}

// editFile runs the editor on a file, and returns the text.
func (s *Shell) editFile(ctx context.Context, file string, before []byte) ([]byte, error) {
	if err := s.Editor(ctx, file); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if rest, ended := bytes.CutSuffix(text, []byte("\n")); ended && !bytes.HasSuffix(before, []byte("\n")) {
		text = rest
	}
	return text, nil
}

// fileFor creates a file that only its owner may read, in a folder of its own, because editors
// create other files beside it. The name shows editors the format of the data.
func fileFor(path string, data []byte) (string, error) {
	folder, err := os.MkdirTemp("", "zklab-edit-")
	if err != nil {
		return "", err
	}
	name := folderName(path[lastSlash(path)+1:])
	if trimmed := bytes.TrimSpace(data); filepath.Ext(name) == "" && len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
		name += ".json"
	}
	name = cmp.Or(name, "root")
	file := filepath.Join(folder, name)
	return file, os.WriteFile(file, data, 0o600)
}

func forget(file string) { _ = os.RemoveAll(filepath.Dir(file)) }

// kept adds to an error the name of the file with the edited text. It removes the file if the text
// is unchanged.
func kept(err error, file string, before []byte) error {
	if text, bad := os.ReadFile(file); bad != nil || bytes.Equal(text, before) {
		forget(file)
		return err
	}
	return &explained{fmt.Sprintf("%v: the edited text is in %s", err, file), err}
}
