import java.nio.charset.StandardCharsets;
import java.util.Map;

/** An answer to a client. The content type is null if the upstream named none. */
record Answer(int status, String contentType, byte[] body, Map<String, String> headers) {
    /** One of the gateway's own. */
    static Answer json(int status, Object value) {
        return new Answer(status, "application/json", Json.write(value).getBytes(StandardCharsets.UTF_8), Map.of());
    }

    static Answer error(int status, String error) {
        return json(status, Map.of("error", error));
    }

    Answer with(String header, String value) {
        return new Answer(status, contentType, body, Map.of(header, value));
    }

    boolean isGood() {
        return status >= 200 && status < 300;
    }

    boolean isFailure() {
        return status >= 500;
    }
}
