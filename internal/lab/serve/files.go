package serve

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/object"
)

// files opens only files of the store: names and links that lead out of it are errors.
type files struct {
	root     *os.Root
	declares func(model string) models.Declared
}

// declare adds the declaration of a run's objects to its header.
func (f *files) declare(h *history.Header) { h.Declared = object.Declaration(*h, f.declares) }

// stamp distinguishes versions of a file.
type stamp struct {
	size int64
	time time.Time
}

func stampOf(info fs.FileInfo) stamp { return stamp{info.Size(), info.ModTime()} }

// local returns a name with slashes as a name of the file system.
func local(name string) string { return filepath.FromSlash(name) }

// mostRead limits a file that is read as a whole, in bytes.
const mostRead = 64 << 20

// stat returns the file info of a regular file. A link does not count as one: the files of a run
// belong to it.
func (f *files) stat(name string) (fs.FileInfo, error) {
	info, err := f.root.Lstat(local(name))
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	return info, nil
}

// read reads a regular file.
func (f *files) read(name string) ([]byte, error) {
	info, err := f.stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > mostRead {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", name, info.Size(), mostRead)
	}
	return f.root.ReadFile(local(name))
}

// parsed reads a regular file, and parses it.
func parsed[T any](f *files, name string, parse func([]byte) (T, error)) (v T, err error) {
	text, err := f.read(name)
	if err != nil {
		return v, err
	}
	return parse(text)
}

// open opens a regular file.
func (f *files) open(name string) (*os.File, fs.FileInfo, error) {
	if _, err := f.stat(name); err != nil {
		return nil, nil, err
	}
	file, err := f.root.Open(local(name))
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

// folder reports whether name is a folder of the store that can be reached without links.
func (f *files) folder(name string) bool {
	if !fs.ValidPath(name) {
		return false
	}
	for part := name; part != "."; part = path.Dir(part) {
		if info, err := f.root.Lstat(local(part)); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

// entries lists a folder.
func (f *files) entries(name string) ([]fs.DirEntry, error) { return fs.ReadDir(f.root.FS(), name) }

// plain returns an error if a folder must not be passed to packages that open files by their paths:
// something in it is a link, which may lead out of the store, or is neither a file nor a folder.
func (f *files) plain(name string) error {
	if !f.folder(name) {
		return fmt.Errorf("%s is not a folder: %w", name, fs.ErrNotExist)
	}
	return fs.WalkDir(f.root.FS(), name, func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !d.Type().IsRegular() {
			return fmt.Errorf("%s is not a regular file", file)
		}
		return err
	})
}

// types lists the types of files that browsers show as such. They show all other text as plain text, so that
// XML cannot carry a script, and download the rest.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
	".json": "application/json", ".jsonl": "text/plain; charset=utf-8", ".txt": "text/plain; charset=utf-8", ".log": "text/plain; charset=utf-8",
	".yaml": "text/plain; charset=utf-8", ".xml": "text/plain; charset=utf-8", ".go": "text/plain; charset=utf-8", ".cfg": "text/plain; charset=utf-8",
}

// file serves a file of the store.
func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("path")
	w.Header().Set("Content-Security-Policy", stored)
	file, info, err := s.index.open(name)
	if err != nil {
		s.absent(w, r, name)
		return
	}
	defer file.Close()
	kind, ok := types[path.Ext(name)]
	if !ok {
		kind = "application/octet-stream"
		w.Header().Set("Content-Disposition", attachment(path.Base(name)))
	}
	w.Header().Set("Content-Type", kind)
	http.ServeContent(w, r, "", info.ModTime(), file)
}

func attachment(name string) string {
	return mime.FormatMediaType("attachment", map[string]string{"filename": name})
}

// absent answers a request for a file that does not exist, or that cannot be read.
func (s *Server) absent(w http.ResponseWriter, r *http.Request, name string) {
	s.fail(w, r, http.StatusNotFound, fmt.Sprintf("The store has no %q.", name))
}

// download sends the folder of a run or a sweep as a zip file.
func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("path")
	if !s.index.within(r.Context(), name) {
		s.absent(w, r, name)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", attachment("zklab-"+strings.ReplaceAll(name, "/", "-")+".zip"))
	if err := s.zip(w, name); err != nil {
		// The beginning has been sent. Cutting the connection tells the browser that the file is
		// incomplete.
		panic(http.ErrAbortHandler)
	}
}

// zip writes the regular files of a folder. Links are left out, since they may lead elsewhere.
func (s *Server) zip(w io.Writer, name string) error {
	out := zip.NewWriter(w)
	err := fs.WalkDir(s.root.FS(), name, func(file string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return s.pack(out, file, strings.TrimPrefix(file, path.Dir(name)+"/"))
	})
	return errors.Join(err, out.Close())
}

func (s *Server) pack(out *zip.Writer, file, as string) error {
	in, info, err := s.index.files.open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	part, err := out.CreateHeader(&zip.FileHeader{Name: as, Method: zip.Deflate, Modified: info.ModTime()})
	if err == nil {
		_, err = io.Copy(part, in)
	}
	return err
}
