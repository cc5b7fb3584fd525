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
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.base.String(), "/")+api.Prefix+path, body)
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
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
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	return nil
}

// refusal is the problem document of an answer as an error of several lines.
func refusal(status int, raw []byte) error {
	var problem api.Problem
	if err := json.Unmarshal(raw, &problem); err != nil || problem.Code == "" {
		return fmt.Errorf("the server answers %d", status)
	}
	text := problem.Detail
	for _, one := range problem.Errors {
		text += "\n  " + one.String()
	}
	return fmt.Errorf("%s", text)
}
