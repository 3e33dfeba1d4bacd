import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** A request that has arrived as a whole: what is decided about it is decided without waiting for anybody. */
record Request(String method, String path, Headers headers, byte[] body) {
    private static final int MAX_BYTES = 65_536;

    /** Refuses with 400 a body that is not complete, and with 413 one that is too long. */
    static Request from(HttpExchange exchange) {
        var path = exchange.getRequestURI().toString().split("\\?", 2)[0];
        var headers = exchange.getRequestHeaders();
        return new Request(exchange.getRequestMethod(), path, headers, readBody(exchange));
    }

    private static byte[] readBody(HttpExchange exchange) {
        var headers = exchange.getRequestHeaders();
        var chunked = headers.containsKey("Transfer-Encoding");
        var length = chunked || !headers.containsKey("Content-Length")
                ? 0
                : Long.parseLong(headers.getFirst("Content-Length").strip());
        var tooLong = new Refusal(413, "The body is longer than " + MAX_BYTES + " bytes.");
        if (length > MAX_BYTES) {
            throw tooLong;
        }
        byte[] body;
        try {
            body = exchange.getRequestBody().readNBytes(MAX_BYTES + 1);
        } catch (IOException gone) {
            throw new Refusal(400, "The body is not complete.");
        }
        if (body.length > MAX_BYTES) {
            throw tooLong;
        }
        if (body.length < length) {
            // The client went away; the stream may just end then.
            throw new Refusal(400, "The body is not complete.");
        }
        return body;
    }

    /** The value of a header field; one that is repeated is a list (RFC 9110, 5.3). */
    Optional<String> field(String name) {
        return Optional.ofNullable(headers.get(name)).map(values -> String.join(", ", values));
    }

    /** The body as JSON; refuses with 400 what is not JSON in UTF-8. */
    Object json() {
        try {
            // A new decoder reports what is not UTF-8; a new String would put replacement characters in its place.
            return Json.parse(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString());
        } catch (CharacterCodingException | Json.Malformed e) {
            throw new Refusal(400, "The body is not JSON in UTF-8: " + e.getMessage());
        }
    }
}
