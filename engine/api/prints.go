package api

import (
	"cmp"
	"mime"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/printing"
	"formwork/engine/template"
)

// PrintedDocument is a document that is printed of records.
type PrintedDocument struct {
	Name  string `json:"name"` // of the template
	Label string `json:"label"`
}

// documentsOf are those of an object.
func (r *request) documentsOf(object string) []PrintedDocument {
	all := []PrintedDocument{}
	for _, t := range template.Printable(r.snapshot, object) {
		all = append(all, PrintedDocument{t.Doc.Name, t.Doc.Label.In(r.language(), t.Doc.Name)})
	}
	return all
}

// printRecord is GET /records/{object}/{id}/print/{template}.
func (s *Server) printRecord(r *request) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	var language string
	if err := r.query(parameter{"language", &language}); err != nil {
		return err
	}
	p, err := s.o.Printer.Print(r.ctx, r.records(), r.files(), printing.Wanted{Tenant: r.tenant.Name(), Object: r.object(), Record: key, Template: r.param("template"), Language: cmp.Or(language, r.language())})
	if err != nil {
		return err
	}
	if err := r.share.Hold(r.ctx, int64(len(p.PDF))); err != nil {
		return err
	}
	r.http.Set(fiber.HeaderContentDisposition, mime.FormatMediaType("inline", map[string]string{"filename": unpath.Replace(p.Name)}))
	r.http.Set(fiber.HeaderContentSecurityPolicy, "frame-ancestors 'none'") // viewers need styles of their own; what is printed runs nothing
	r.http.Set("Cross-Origin-Resource-Policy", "same-origin")
	r.http.Set(fiber.HeaderCacheControl, "private, no-store")
	r.http.Set(fiber.HeaderContentType, printing.Type)
	r.http.Response().SetBody(p.PDF)
	return nil
}
