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

func (URLType) Name() string { return "url" }

// AlsoCalled implements Called.
func (URLType) AlsoCalled() []string {
	return []string{"website", "uri", "hyperlink"}
}

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
	full, ok := webAddress(s)
	if !ok {
		return nil, fault.New(fault.Invalid, "field.not_a_url", "value", show(s))
	}
	if problem := tooLong(full, maxURL); problem != nil {
		return nil, problem
	}
	return full, nil
}

// webAddress completes an address; ok is false for what is none.
func webAddress(s string) (full string, ok bool) {
	scheme, rest, given := strings.Cut(s, "://")
	if !given {
		scheme, rest = "https", s
	}
	scheme = strings.ToLower(scheme)
	if scheme != "http" && scheme != "https" || strings.ContainsAny(s, " <>\"") {
		return "", false
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	full = scheme + "://" + strings.ToLower(rest[:end]) + rest[end:]
	u, err := url.Parse(full)
	if err != nil || u.User != nil {
		return "", false
	}
	host := u.Hostname()
	return full, domain(host) || net.ParseIP(host) != nil || host == "localhost"
}

func (urlValue) Schema() map[string]any {
	return map[string]any{"type": "string", "format": "uri", "maxLength": maxURL}
}
