package api

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/record"
)

const jsonType = "application/json; charset=utf-8"

// buffer is the response's own buffer, empty; what was appended to it is answered
// with sent.
func (r *request) buffer() []byte { return r.http.Response().SwapBody(nil)[:0] }

// sent answers with JSON that was appended to buffer.
func (r *request) sent(status int, body []byte) error {
	response := r.http.Response()
	response.SetStatusCode(status)
	response.Header.SetContentType(jsonType)
	response.SwapBody(body)
	return nil
}

// json answers with a value as encoding/json writes it; not for the busy routes.
func (r *request) json(status int, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return r.copied(status, raw)
}

// copied answers with JSON that is written already, and counts it among what the request
// holds. The answer to a write is given in any case: what was done should be known.
func (r *request) copied(status int, raw []byte) error {
	if err := r.share.Hold(r.ctx, int64(len(raw))); err != nil && r.http.Method() == fiber.MethodGet {
		return err
	}
	return r.sent(status, append(r.buffer(), raw...))
}

// done answers with nothing.
func (r *request) done() error {
	r.http.Status(fiber.StatusNoContent)
	return nil
}

// version tells a record's version, for If-Match.
func (r *request) version(version int64) {
	var b [24]byte
	tag := append(b[:0], '"')
	tag = strconv.AppendInt(tag, version, 10)
	r.http.Response().Header.SetBytesV(fiber.HeaderETag, append(tag, '"'))
}

// record answers with a record; names, if not nil, are told in the member "names", which is
// the last, beside the fields.
func (r *request) record(status int, rec record.Record, names record.Names) error {
	body := rec.AppendJSON(r.buffer())
	if names != nil {
		body = names.AppendJSON(append(body[:len(body)-1], `,"names":`...))
		body = append(body, '}')
	}
	if err := r.share.Hold(r.ctx, 2*int64(len(body))); err != nil { // with the record itself
		return err
	}
	r.version(rec.Version())
	return r.sent(status, body)
}

// page answers with a page of records.
func (r *request) page(p *record.Page) error {
	b := appendPage(append(r.buffer(), '{'), p)
	return r.sent(fiber.StatusOK, append(b, '}'))
}

// appendPage appends the members of a page of records.
func appendPage(b []byte, p *record.Page) []byte {
	b = append(b, `"items":[`...)
	for i := range p.Items {
		if i > 0 {
			b = append(b, ',')
		}
		b = p.Items[i].AppendJSON(b)
	}
	b = appendNext(append(b, ']'), p.Next)
	if p.Total != nil {
		b = append(b, `,"total":`...)
		b = strconv.AppendInt(b, *p.Total, 10)
		if p.More {
			b = append(b, `,"total_more":true`...)
		}
	}
	if p.Names != nil {
		b = p.Names.AppendJSON(append(b, `,"names":`...))
	}
	return b
}

// appendNext appends the member "next": the next page's cursor, or null.
func appendNext(b []byte, next string) []byte {
	b = append(b, `,"next":`...)
	if next == "" {
		return append(b, "null"...)
	}
	return appendString(b, next)
}
