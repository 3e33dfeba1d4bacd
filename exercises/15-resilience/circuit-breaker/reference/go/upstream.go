package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"time"
)

type upstream struct {
	url     *url.URL
	timeout time.Duration
}

type call struct {
	method      string
	url         *url.URL // path and query count
	contentType string
	body        []byte
}

// A bare transport, because a client would follow redirects. Without keep-alive, because the transport repeats a GET
// when the connection that it had kept turns out to be closed. And compressed answers stay as they are.
var transport = &http.Transport{DisableKeepAlives: true, DisableCompression: true}

// ask asks the upstream once. If no complete answer comes, it is 504 when the time is over, else 502.
func (u *upstream) ask(c call) answer {
	// Not the context of the client's request: the call goes on when the client leaves, because its outcome is news for
	// the breaker, and its answer worth remembering.
	ctx, cancel := context.WithTimeout(context.Background(), u.timeout)
	defer cancel()
	got, err := u.exchange(ctx, c)
	switch {
	case err == nil:
		return got
	case ctx.Err() != nil:
		return failure(http.StatusGatewayTimeout, "the upstream did not answer in time")
	default:
		return failure(http.StatusBadGateway, "the upstream could not be reached")
	}
}

func (u *upstream) exchange(ctx context.Context, c call) (answer, error) {
	// A copy keeps the path and the query as they were written.
	target := *c.url
	target.Scheme, target.Host = u.url.Scheme, u.url.Host
	request, err := http.NewRequestWithContext(ctx, c.method, "", bytes.NewReader(c.body))
	if err != nil {
		return answer{}, err
	}
	request.URL = &target
	if c.contentType != "" {
		request.Header.Set("Content-Type", c.contentType)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	return answer{status: response.StatusCode, contentType: response.Header.Get("Content-Type"), body: body}, nil
}
