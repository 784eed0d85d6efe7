# SPDX-FileCopyrightText: 2026 The patchbay authors
# SPDX-License-Identifier: BSL-1.0
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(patchbay_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/patchbay")

install(TARGETS patchbay EXPORT patchbayTargets FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT patchbayTargets NAMESPACE patchbay:: DESTINATION "${patchbay_package_dir}")

install(TARGETS patchbay_compiled EXPORT patchbayCompiledTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT patchbayCompiledTargets NAMESPACE patchbay:: DESTINATION "${patchbay_package_dir}")

# An adapter is a component with an export of its own, so that who does not ask for it needs none of its packages.
if(TARGET patchbay_beast)
  install(TARGETS patchbay_beast EXPORT patchbayBeastTargets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(DIRECTORY adapters/beast/include/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT patchbayBeastTargets NAMESPACE patchbay:: DESTINATION "${patchbay_package_dir}")
endif()

if(TARGET patchbay_curl)
  install(TARGETS patchbay_curl EXPORT patchbayCurlTargets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(DIRECTORY adapters/curl/include/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT patchbayCurlTargets NAMESPACE patchbay:: DESTINATION "${patchbay_package_dir}")
endif()

configure_package_config_file(cmake/patchbayConfig.cmake.in "${PROJECT_BINARY_DIR}/patchbayConfig.cmake"
  INSTALL_DESTINATION "${patchbay_package_dir}" NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break the API.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/patchbayConfigVersion.cmake" COMPATIBILITY SameMinorVersion
  ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/patchbayConfig.cmake" "${PROJECT_BINARY_DIR}/patchbayConfigVersion.cmake"
  DESTINATION "${patchbay_package_dir}")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
