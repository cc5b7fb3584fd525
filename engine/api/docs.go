package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"sync"

	"github.com/gofiber/fiber/v2"
)

//go:embed docs.html
var docsPage []byte

// docsPolicy allows the page its own script and style, by their hashes, and
// requests to this server.
var docsPolicy = sync.OnceValue(func() string {
	return "default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" +
		"; script-src " + hashOf("script") + "; style-src " + hashOf("style")
})

// hashOf is the hash of the page's one element of a name, as a policy writes it.
func hashOf(element string) string {
	_, rest, _ := bytes.Cut(docsPage, []byte("<"+element+">"))
	inside, _, _ := bytes.Cut(rest, []byte("</"+element+">"))
	sum := sha256.Sum256(inside)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// docs is GET /api/docs: a page that shows what openapi.json says.
func (s *Server) docs(r *request) error {
	h := &r.http.Response().Header
	h.Set("Content-Security-Policy", docsPolicy())
	h.Set(fiber.HeaderCacheControl, "no-cache")
	if err := r.sent(fiber.StatusOK, append(r.buffer(), docsPage...)); err != nil {
		return err
	}
	h.SetContentType(fiber.MIMETextHTMLCharsetUTF8)
	return nil
}
