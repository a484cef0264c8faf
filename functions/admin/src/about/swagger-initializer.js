"use strict";

// The base layout has no bar with a field for any URL. Without "none" a page that is not on localhost sends the description's
// address to a validator of Swagger's.
window.addEventListener("load", () => {
  SwaggerUIBundle({
    "dom_id": "#swagger-ui",
    "url": "/openapi.json",
    "layout": "BaseLayout",
    "validatorUrl": "none",
    "deepLinking": true,
    "presets": [SwaggerUIBundle.presets.apis],
  });
});
