package api

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"path"
	"strings"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
)

// unbuilt is shown where the program was built without the web application.
//
//go:embed unbuilt.html
var unbuilt []byte

// nonceMark stands in the page for the nonce of an answer.
const nonceMark = "{{nonce}}"

// pages is the web application: a page that is the same at every address, and its files, which
// are compressed already. It is small and held in memory whole.
type pages struct {
	page      [][]byte // in pieces, with the nonce between them
	files     map[string]pageFile
	worker    []byte            // the service worker; nil where there is none
	manifests map[string][]byte // by file name: what a device is told that installs the application, in a language
}

// pageFile is a file in the encodings that it is sent in; "" is none.
type pageFile struct {
	media string
	as    map[string][]byte
}

// encodings are those that files are compressed in, the smallest first, with the endings of their names.
var encodings = []struct{ name, ending string }{{"br", ".br"}, {"gzip", ".gz"}}

// readPages reads the application that Options.Pages has. Where that fails, what it returns says
// that there is none.
func readPages(from fs.FS) (*pages, error) {
	none := &pages{page: [][]byte{unbuilt}}
	p := &pages{files: map[string]pageFile{}, manifests: map[string][]byte{}}
	if from == nil {
		return none, nil
	}
	page, err := fs.ReadFile(from, "index.html")
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	if err != nil {
		return none, fmt.Errorf("reading the web application: %w", err)
	}
	p.page = bytes.Split(page, []byte(nonceMark))
	err = fs.WalkDir(from, "assets", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(from, name)
		if err != nil {
			return fmt.Errorf("reading the web application: %w", err)
		}
		encoding := ""
		for _, e := range encodings {
			if plain, ok := strings.CutSuffix(name, e.ending); ok {
				name, encoding = plain, e.name
			}
		}
		name = path.Base(name)
		file, ok := p.files[name]
		if !ok {
			file = pageFile{media: mime.TypeByExtension(path.Ext(name)), as: map[string][]byte{}}
		}
		file.as[encoding] = raw
		p.files[name] = file
		return nil
	})
	if err != nil {
		return none, err
	}
	if err := p.readInstallable(from); err != nil {
		return none, err
	}
	return p, nil
}

// readInstallable reads what makes the application one that is installed and works without the
// server: the files whose names stay when they change.
func (p *pages) readInstallable(from fs.FS) error {
	worker, err := fs.ReadFile(from, "sw.js")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the web application: %w", err)
	}
	p.worker = worker
	names, err := fs.Glob(from, "manifest/*.webmanifest")
	if err != nil {
		return fmt.Errorf("reading the web application: %w", err)
	}
	for _, name := range names {
		if p.manifests[path.Base(name)], err = fs.ReadFile(from, name); err != nil {
			return fmt.Errorf("reading the web application: %w", err)
		}
	}
	return nil
}

// showPage is the application at all of its addresses: which of its pages is meant the browser finds out.
func (s *Server) showPage(r *request) error { return s.showPageWithin(r, "'none'") }

// showPageWithin is showPage, which pages of some sites may show within them: origins, or 'none'.
func (s *Server) showPageWithin(r *request, sites string) error {
	nonce := make([]byte, 16)
	rand.Read(nonce)
	text := base64.RawStdEncoding.EncodeToString(nonce)
	h := &r.http.Response().Header
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-"+text+"'; img-src 'self' blob:; "+
		"connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors "+sites)
	body := r.buffer()
	for i, piece := range s.pages.page {
		if i > 0 {
			body = append(body, text...)
		}
		body = append(body, piece...)
	}
	if err := r.sent(fiber.StatusOK, body); err != nil {
		return err
	}
	h.SetContentType(fiber.MIMETextHTMLCharsetUTF8)
	return nil
}

// asset is GET /assets/{file}. The name of a file changes with what is in it.
func (s *Server) asset(r *request) error {
	file, ok := s.pages.files[r.http.Params("file")]
	if !ok {
		return fault.New(fault.NotFound, "api.no_route")
	}
	h := &r.http.Response().Header
	h.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	h.Set(fiber.HeaderVary, fiber.HeaderAcceptEncoding)
	h.SetContentType(file.media)
	body := file.as[""]
	for _, e := range encodings {
		if small := file.as[e.name]; small != nil && r.http.AcceptsEncodings(e.name) == e.name {
			h.Set(fiber.HeaderContentEncoding, e.name)
			body = small
			break
		}
	}
	r.http.Response().SetBodyRaw(body) // it is never written to
	return nil
}

// worker is GET /sw.js, the service worker. Its answers to pages are made by its own policy, which
// lets it ask this server and nothing else.
func (s *Server) worker(r *request) error {
	return r.installable(s.pages.worker, "text/javascript; charset=utf-8", "default-src 'none'; connect-src 'self'")
}

// manifest is GET /manifest/{file}: what a device is told that installs the application.
func (s *Server) manifest(r *request) error {
	return r.installable(s.pages.manifests[r.http.Params("file")], "application/manifest+json", "default-src 'none'")
}

// installable answers with a file that browsers ask for anew each time, since its name stays when it changes.
func (r *request) installable(file []byte, media, policy string) error {
	if file == nil {
		return fault.New(fault.NotFound, "api.no_route")
	}
	h := &r.http.Response().Header
	h.Set(fiber.HeaderCacheControl, "no-cache")
	h.Set("Content-Security-Policy", policy)
	h.SetContentType(media)
	r.http.Response().SetBodyRaw(file) // it is never written to
	return nil
}
