package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"formwork/engine/api"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 256 << 20

// client calls the API of a running server.
type client struct {
	base  *url.URL
	token string
	http  *http.Client
}

func newClient(base *url.URL) *client {
	return &client{base: base, http: &http.Client{Timeout: 15 * time.Minute}}
}

// login gets a token.
func (c *client) login(ctx context.Context, email, password, tenant string) error {
	var answer struct {
		Token string `json:"token"`
	}
	in := map[string]string{"email": email, "password": password, "tenant": tenant}
	if err := c.call(ctx, http.MethodPost, "/auth/login", in, &answer); err != nil {
		return fmt.Errorf("logging in as %s: %w", email, err)
	}
	c.token = answer.Token
	return nil
}

// call sends in, if it is not nil, as JSON and reads the answer into out.
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("writing the request: %w", err)
		}
		body = bytes.NewReader(raw)
	}
	return c.send(ctx, method, path, "application/json", body, out)
}

// send sends a body and reads the answer into out: JSON, or as it is if out is a *[]byte.
func (c *client) send(ctx context.Context, method, path, contentType string, body io.Reader, out any, headers ...string) error {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.base.String(), "/")+api.Prefix+path, body)
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	request.Header.Set("Content-Type", contentType)
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("asking the server: %w", err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if response.StatusCode >= 300 {
		return refusal(response.StatusCode, raw)
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*out = raw
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	return nil
}

// refused is a problem document as an error of several lines.
type refused struct {
	status int
	text   string
}

func (r *refused) Error() string { return r.text }

// refusal reads the problem document of an answer.
func refusal(status int, raw []byte) error {
	var problem api.Problem
	if err := json.Unmarshal(raw, &problem); err != nil || problem.Code == "" {
		return &refused{status, fmt.Sprintf("the server answers %d", status)}
	}
	text := problem.Detail
	for _, one := range problem.Errors {
		text += "\n  " + one.String()
	}
	return &refused{status, text}
}
