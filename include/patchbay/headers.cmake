# Every public header; written by `cmake -P cmake/lists.cmake`.
set(patchbay_headers
  include/patchbay/endpoint.hpp
  include/patchbay/error.hpp
  include/patchbay/http.hpp
  include/patchbay/json/number.hpp
  include/patchbay/json/read.hpp
  include/patchbay/json/write.hpp
  include/patchbay/policy/clock.hpp
  include/patchbay/policy/logger.hpp
  include/patchbay/policy/retry.hpp
  include/patchbay/policy/transport.hpp
  include/patchbay/result.hpp
  include/patchbay/secret.hpp
  include/patchbay/time.hpp
  include/patchbay/version.hpp
)
