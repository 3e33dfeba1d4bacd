import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

final class Upstream {
    /** The target is the path with its query, as it came; the content type may be null. */
    record Call(String method, String target, String contentType, byte[] body) {}

    private final String url;
    private final Duration timeout;
    private final HttpClient client;

    Upstream(String url, Duration timeout) {
        this.url = url;
        this.timeout = timeout;
        // By default the client repeats a GET whose connection breaks off before the answer.
        System.setProperty("jdk.httpclient.redirects.retrylimit", "1");
        // Then it had better keep no connections, since a kept one may be closed just when it is needed again. That
        // takes a header which nobody may set by default.
        System.setProperty("jdk.httpclient.allowRestrictedHeaders", "connection");
        // It follows no redirects, unless told to.
        client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    /** Asks once. If no complete answer comes, it is 504 when the time is over, else 502. */
    Answer ask(Call call) throws InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(url + call.target()))
                .method(call.method(), BodyPublishers.ofByteArray(call.body()))
                .header("Connection", "close");
        if (call.contentType() != null) {
            request.header("Content-Type", call.contentType());
        }
        // The timeout of a request ends with the headers of its answer; this one with the last byte.
        var exchange = client.sendAsync(request.build(), BodyHandlers.ofByteArray());
        try {
            var response = exchange.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            String contentType = response.headers().firstValue("Content-Type").orElse(null);
            return new Answer(response.statusCode(), contentType, response.body(), Map.of());
        } catch (TimeoutException e) {
            return Answer.error(504, "the upstream did not answer in time");
        } catch (ExecutionException e) {
            return Answer.error(502, "the upstream could not be reached");
        } finally {
            exchange.cancel(true); // closes the connection, if it still waits for something
        }
    }
}
