package fieldtype

import (
	"net"
	"net/url"
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// URLType is a web address.
type URLType struct{}

const maxURL = 2048

func (URLType) Name() string                   { return "url" }
func (URLType) MayResult()                     {}
func (URLType) SettingsSchema() map[string]any { return map[string]any{} }

func (URLType) Bind(string, *metadata.Field, Context) (Value, []*fault.Fault) {
	return urlValue{}, nil
}

type urlValue struct{ folding }

// Coerce takes http and https only, adds https:// where the scheme is left out, and
// writes scheme and host in lower case. Names and passwords in it are refused.
func (urlValue) Coerce(in any) (any, *fault.Fault) {
	s, problem := line(in, maxURL)
	if problem != nil || s == "" {
		return nil, problem
	}
	wrong := fault.New(fault.Invalid, "field.not_a_url", "value", show(s))
	full := s
	if scheme, _, ok := strings.Cut(s, "://"); !ok {
		full = "https://" + s
	} else if lower := strings.ToLower(scheme); lower != "http" && lower != "https" {
		return nil, wrong
	}
	u, err := url.Parse(full)
	if err != nil || u.User != nil || strings.ContainsAny(s, " <>\"") {
		return nil, wrong
	}
	host := strings.ToLower(u.Hostname())
	if !domain(host) && net.ParseIP(host) == nil && host != "localhost" {
		return nil, wrong
	}
	scheme, rest, _ := strings.Cut(full, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	full = strings.ToLower(scheme) + "://" + strings.ToLower(rest[:end]) + rest[end:]
	if problem := tooLong(full, maxURL); problem != nil {
		return nil, problem
	}
	return full, nil
}

func (urlValue) Schema() map[string]any {
	return map[string]any{"type": "string", "format": "uri", "maxLength": maxURL}
}
